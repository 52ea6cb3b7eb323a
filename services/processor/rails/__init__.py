"""Rails: the part that talks to providers. It reads events, does what is owed outside, and brings answers back as commands."""
