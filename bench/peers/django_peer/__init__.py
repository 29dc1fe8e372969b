"""The Django application with the user model of the django-scim2 peer."""
