# Headers of the chapters, in the order of _core.pyx.

