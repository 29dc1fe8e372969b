"""The application that holds the user model of the django-scim2 peer."""
