"""The orange point, pulled by the mouse as a hand does it."""


def pulled(page, share):
    """Take the point to a share of its plot's width, in ten steps."""
    ring = page.locator(".scatter.before .ring").bounding_box()
    plot = page.locator(".scatter.before").bounding_box()
    x, y = ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for i in range(1, 11):
        page.mouse.move(x + (plot["x"] + share * plot["width"] - x) * i / 10, y)
    page.mouse.up()
