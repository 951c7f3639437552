"""What a user can ask for, what comes back, and the rules both keep. No Qt, no torch."""
