"""Every socket option of Linux that has a value to speak of, with form, unit and meaning."""
