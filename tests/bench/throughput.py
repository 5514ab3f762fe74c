def main(): pass
def writers(): pass
def agents(): pass
