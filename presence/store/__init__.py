"""What is stored of people's presence: packed pages and the changes since (`store`), and their `values`."""
