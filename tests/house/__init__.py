"""The rules of the house, its documents, deployment and packaging, held to what they say."""
