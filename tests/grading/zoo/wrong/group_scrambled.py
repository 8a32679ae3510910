# names: groups_scrambled
def group_norm(x, num_groups, eps=1e-5):
    moved = x.movedim(1, -1)
    groups = moved.reshape(len(x), num_groups, -1)
    mean, var = groups.mean(-1, keepdim=True), groups.var(-1, keepdim=True, correction=0)
    return ((groups - mean) / (var + eps).sqrt()).reshape(moved.shape).movedim(-1, 1)
