# First of all: Snakemake's version and params.yaml are checked. Snakemake puts the folder of an
# included file on Python's path, so this file, beside groupconv, is how the rules find it: in any
# clone its own.

from groupconv.engines import versions
from snakemake import __version__

versions.check(__version__)

from groupconv.engines import conda, seam as seams
from groupconv.settings import resources as needs

seams.check_file()


configfile: "params.yaml"


seam = seams.Seam(workflow, config)


wildcard_constraints:
    scheme="|".join(seam.schemes),
    seed="|".join(map(str, seam.seeds)),


if seam.uses_conda:
    shell.prefix(conda.alone())
