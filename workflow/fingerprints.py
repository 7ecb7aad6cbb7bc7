"""DVC's stage `code`: writes results/code/STEP.txt, what the code of each step means."""

from groupconv.engines import code

if __name__ == "__main__":
    code.write()
