"""IAM enforced: what AWS asks of roles, keys and policies beyond the call itself, asked here as well.

The emulator holds the policy of a caller, and of the resource, against the call. AWS asks for more: for the
role that is passed on, for the key that encrypts what is written, and for a permission of its own services,
which act with a role or as a service principal. Each module here asks for one of these, in the emulator's
way through the call, and only where IAM is enforced.
"""
