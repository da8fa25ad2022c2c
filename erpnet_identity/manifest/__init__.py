"""The instance manifest: one YAML file that describes an instance (MF-01 to MF-10)."""

from .apply import apply, apply_file, preview, read_file
from .export import export, export_warnings
from .problems import ManifestError, Problem

__all__ = ["ManifestError", "Problem", "apply", "apply_file", "export", "export_warnings", "preview", "read_file"]
