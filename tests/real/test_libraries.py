from libraries import compressai, timm, torchvision, transformers


def test_all_of_them_import():
    for library in (compressai, timm, torchvision, transformers):
        assert library.__name__
