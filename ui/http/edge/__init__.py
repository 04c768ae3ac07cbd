"""The edge of the server: connections, the bodies that they bring, and the process that ends."""
