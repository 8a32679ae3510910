# names: groups_interleaved
def group_norm(x, num_groups, eps=1e-5):
    groups = x.reshape(len(x), -1, num_groups)
    mean, var = groups.mean(1, keepdim=True), groups.var(1, keepdim=True, correction=0)
    return ((groups - mean) / (var + eps).sqrt()).reshape(x.shape)
