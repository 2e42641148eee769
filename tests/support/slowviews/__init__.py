"""An app whose pages take as long as they are asked to."""
