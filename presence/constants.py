"""Names that the deployment, Entra and the code must agree on."""

QUEUE = "presence-sync"  # one message for each tenant that is due
POISON = "presence-sync-poison"  # the platform moves a message here that failed five times
# The redirect URIs of the app registration, below the product's own address: for people who are signed in, and for
# set-up links, which need no sign-in.
CALLBACK = "/sign-in/callback"
LINK_CALLBACK = "/set-up/callback"
