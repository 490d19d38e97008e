"""The world of one replicate as flat arrays (`arrays`), and the workers that build it (`build`).

Names, units and defaults end here: both engines see integers, float64 and flat arrays only.
"""
