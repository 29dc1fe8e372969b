"""Names that must be the same in the deployment, in Entra and in the code."""

QUEUE = "presence-sync"  # one message per tenant that is due
POISON = "presence-sync-poison"  # to which the platform moves a message that failed five times
# Paths of the redirect URIs in the app registration: for users who are signed in, and for set-up links, which need no
# sign-in.
CALLBACK = "/sign-in/callback"
LINK_CALLBACK = "/set-up/callback"
