"""Django's command line for iotbridge."""

from iotbridge.__main__ import main

if __name__ == "__main__":
    main()
