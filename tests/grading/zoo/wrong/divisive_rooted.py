# names: rooted
def divisive_norm(x, sigma=1.0, n=2.0):
    drive = x**n
    return drive / (sigma**n + drive.sum(1, keepdim=True)) ** (1 / n)
