"""Of this checkout: nothing but what pytest itself needs to know."""

pytest_plugins = ["pytester"]
