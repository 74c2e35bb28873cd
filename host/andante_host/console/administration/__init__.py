"""What an administrator does: users, backups, and a look at the device."""
