"""What a new Raspberry Pi OS has in its boot folder, as far as the installer looks at it."""

CONFIG = "# mine\ndtparam=audio=on\n\n[cm4]\notg_mode=1\n"
COMMAND_LINE = "console=serial0,115200 console=tty1 root=PARTUUID=1-02 rootwait\n"
