"""Running statistics computed anew from data: what the rooms share."""
