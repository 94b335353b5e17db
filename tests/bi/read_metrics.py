"""Read a metrics file with MetricFlow's own parser and validator; run inside an environment."""

import json
import shutil
import sys
import tempfile
from pathlib import Path

from dbt_semantic_interfaces.parsing.dir_to_model import (
    parse_directory_of_yaml_files_to_semantic_manifest,
)
from dbt_semantic_interfaces.validations.semantic_manifest_validator import (
    SemanticManifestValidator,
)

with tempfile.TemporaryDirectory() as folder:
    shutil.copy(sys.argv[1], Path(folder) / "metrics.yml")
    parsed = parse_directory_of_yaml_files_to_semantic_manifest(folder, template_mapping={})
judged = SemanticManifestValidator().validate_semantic_manifest(parsed.semantic_manifest)
issues = [*parsed.issues.all_issues, *judged.all_issues]
print(
    json.dumps(
        {
            "metrics": sorted(metric.name for metric in parsed.semantic_manifest.metrics),
            "issues": [issue.as_readable_str() for issue in issues],
        }
    )
)
