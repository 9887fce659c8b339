"""What can be wrong with a form."""


class FormInvalid(ValueError):
    """A field that is not what was expected."""
