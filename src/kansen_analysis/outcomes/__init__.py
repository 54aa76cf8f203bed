"""What is measured per school and school year; hidden counts as intervals."""
