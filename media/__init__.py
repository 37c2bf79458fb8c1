"""Photos and videos of flights, and temporary storage credentials."""
