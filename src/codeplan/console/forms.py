"""What can be wrong with a form."""


class SignInWanted(ValueError):
    """A client key does not open this: whoever has the key is not yet the account's owner."""


class FormInvalid(ValueError):
    """A field that is not what was expected."""
