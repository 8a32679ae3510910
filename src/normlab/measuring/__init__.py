"""The statistics of a data set of any size: one pass, streamed, the same bits for any number of workers."""
