"""What only the sensitivity maps need."""
