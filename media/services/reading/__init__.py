"""What files say of themselves, and small pictures of them. Every file is taken for hostile."""
