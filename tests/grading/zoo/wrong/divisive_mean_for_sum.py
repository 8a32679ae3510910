# names: mean_for_sum
def divisive_norm(x, sigma=1.0, n=2.0):
    drive = x**n
    return drive / (sigma**n + drive.mean(1, keepdim=True))
