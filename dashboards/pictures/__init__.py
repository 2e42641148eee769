"""Pictures that people bring: read by what they are, written anew without what they carry along."""
