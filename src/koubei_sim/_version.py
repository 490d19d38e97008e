"""The version of the library, in the one place that the build, the face and provenance read.

It is a file of its own because nothing may import the package face: a result records the version
that made it by importing this.
"""

from __future__ import annotations

__version__ = "0.1.0"
