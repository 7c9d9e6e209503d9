"""Multimodal person re-identification: embeddings, galleries and scores. docs/python.md of the repository describes the package."""

from ._native import Extractor, Gallery, __version__, score

__all__ = ["Extractor", "Gallery", "__version__", "score"]
