"""From events to the standard measures of the field. Pure."""
