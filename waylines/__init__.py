"""Route files (KMZ/WPML), missions, schedules, flights and tracks."""
