"""x"""
def page(): return "# The model document\n"
