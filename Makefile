# Motcua: `make help` lists what there is. Each target builds .venv itself.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SPARK := .venv-spark
SPARK_STAMP := $(SPARK)/.installed

SHIFT := .cache/shift.so
# The turn of an official year, minutes before it; Tết that nobody has announced; a leap day.
CLOCKS := 2026-12-31T23:57:00+07:00 2027-02-06T01:30:00+07:00 2028-02-29T12:00:00+07:00

.PHONY: help demo test test-all coverage clocks sweep chaos days seeds lint check ui dev docs picture run prepare compat bi bench spark spark-bench lock clean

help: ## Liệt kê các lệnh / list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

$(STAMP): requirements.lock pyproject.toml
	@echo "Cài đặt vào $(VENV) / installing into $(VENV) …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Spark's own environment: its two packages by hash, and a look at the night's for the rest.
$(SPARK_STAMP): $(STAMP) requirements-spark.lock
	@echo "Cài đặt Spark vào $(SPARK) / installing Spark into $(SPARK) …"
	@command -v java >/dev/null || { echo "Spark needs Java 17: apt-get install openjdk-17-jre-headless"; exit 1; }
	@test -x $(SPARK)/bin/python || $(PYTHON) -m venv --without-pip $(SPARK)
	@$(BIN)/python -m pip --python $(SPARK)/bin/python --disable-pip-version-check \
	  install --quiet --require-hashes -r requirements-spark.lock
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	  >"$$($(SPARK)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/motcua-night.pth"
	@touch $@

demo: $(STAMP) ## Hệ thống mô phỏng và một đêm trọn vẹn / simulated sources and a whole night
	@$(BIN)/motcua demo

test: $(STAMP) ## Kiểm thử / the tests, a part of what is rare but long
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -q

test-all: $(STAMP) clocks sweep ## Mọi kiểm thử, đủ mọi phần / all tests, every part of them whole, by hand or nightly
	@MOTCUA_TESTS=all $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -q --ignore tests/faults/test_sweep.py

coverage: $(STAMP) ## Dòng lệnh mà kiểm thử đi qua / lines that tests pass through (ARGS="tests/oracle/test_figures.py" for some)
	@mkdir -p .cache/coverage
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -q --cov --cov-report term --cov-report html $(ARGS)

$(SHIFT): tests/clocks/shift.c
	@mkdir -p $(@D) && $(CC) -O1 -shared -fPIC -o $@ $< -ldl

clocks: $(STAMP) $(SHIFT) ## Kiểm thử về thời gian dưới ba đồng hồ khác / tests that touch time, under three other clocks
	@for now in $(CLOCKS); do \
	  export MOTCUA_CLOCK_SHIFT=$$(($$(date -d $$now +%s) - $$(date +%s))) LD_PRELOAD=$(CURDIR)/$(SHIFT); date; \
	  $(BIN)/python -m pytest -n 2 --dist loadfile -q -m time $$(grep -rl --include='test_*.py' 'pytest\.mark\.time\b' tests); \
	  unset MOTCUA_CLOCK_SHIFT LD_PRELOAD; \
	done

sweep: $(STAMP) ## Mọi ngày từ 2026 đến 2028, hai thế giới, hai đêm / every day of three years, two worlds, two nights each
	@MOTCUA_SWEEP=all $(BIN)/python -m pytest -n 2 --dist worksteal -q tests/faults/test_sweep.py

chaos: $(STAMP) ## Giết tiến trình ở 100 thời điểm ngẫu nhiên / SIGKILL at 100 random moments
	@MOTCUA_CHAOS=100 $(BIN)/python -m pytest -q tests/faults/test_kills.py -k random

days: $(STAMP) ## Đêm khó: mọi ngày × mọi loại cơ sở khỏe mạnh / every hard day × every kind of healthy site, an hour
	@MOTCUA_DAYS=all $(BIN)/python -m pytest -q tests/faults/test_hard_days.py tests/faults/test_hard_nights.py

seeds: $(STAMP) ## Hai mươi thế giới mô phỏng so với cách tính độc lập / twenty simulated worlds against the oracle
	@MOTCUA_SEEDS=all $(BIN)/python -m pytest -n 2 -q tests/oracle/test_figures.py

lint: $(STAMP) ## Định dạng và kiểu / format and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

check: lint ## Kiểm tra nhanh: định dạng, kiểu, luật kiến trúc / fast checks, under 15 seconds
	@$(BIN)/python -m pytest -n 2 -q -m "not slow" tests/house/test_architecture.py tests/unit/test_catalog.py tests/sql/test_sql_cases.py

ui: $(STAMP) ## Giao diện Dagster ở http://127.0.0.1:3000 / the Dagster UI
	@$(BIN)/motcua ui

# Its first warning is Dagster's own, of the command's name.
dev: $(STAMP) ## `dagster dev` trên MOTCUA_HOME, không lịch nào chạy / on the project's home, no schedule runs
	@export DAGSTER_HOME="$$($(BIN)/python -c 'from orchestration.settings import Settings as S, use_dagster_home as use; print(use(S.load()))')"; \
	  PYTHONWARNINGS='ignore:Function `dev_command` is superseded' $(BIN)/dagster dev -h 127.0.0.1 $(ARGS)

docs: $(STAMP) ## Viết lại mục lục, bảng phòng, tra cứu / write the lists in docs/ that come from elsewhere
	@$(BIN)/python -m tests.support.written

picture: $(STAMP) ## Ảnh trong README, từ trang thật / the README picture, from the real page
	@$(BIN)/motcua report >/dev/null
	@$(BIN)/python docs/picture.py data/reports/scorecard.html docs/scorecard.png

run: $(STAMP) ## Chạy một đêm / run a night
	@$(BIN)/motcua run

prepare: $(STAMP) $(SPARK_STAMP) ## Mọi môi trường của compat và spark / the environments of compat and spark, installed
	@$(BIN)/python -m tests.bi.compat --prepare

compat: $(STAMP) ## Tệp công bố trong các phiên bản DuckDB và công cụ khác / the published file in other programs (HOME_DIR=data)
	@$(BIN)/python -m tests.bi.compat $(HOME_DIR)

bi: $(STAMP) ## Superset thật trên tệp công bố / a real Superset on the published file (HOME_DIR=data)
	@$(BIN)/python -m tests.bi.superset $(HOME_DIR)

bench: $(STAMP) ## Đo hiệu năng / measure
	@$(BIN)/python -m benchmarks $(ARGS)

spark: $(SPARK_STAMP) ## Ba tỉnh trên cụm Spark hai tiến trình / three provinces on a cluster of two workers, equal to DuckDB
	@$(SPARK)/bin/python -m pytest -q tests/spark/test_engines.py tests/spark/test_spark.py

spark-bench: $(SPARK_STAMP) ## Cùng việc, cỡ tùy chọn / the same at a size of choice (ARGS="--cases 200000")
	@$(SPARK)/bin/python -m benchmarks.spark $(ARGS)

lock: ## Ghim lại thư viện, cần uv / pin the dependencies again, needs uv
	@uv pip compile -q --universal --no-strip-extras --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --extra dev --extra postgres --no-header pyproject.toml -o requirements.lock
	@sed -n 's/^spark = \["\(.*\)"\]/\1/p' pyproject.toml | uv pip compile -q --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate - -o requirements-spark.lock

clean: ## Xóa môi trường / remove the environments
	@rm -rf $(VENV) $(SPARK) .cache
