# Two commands on a fresh Debian 12 with a Swift toolchain: make run, make test.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# What the program needs, and what its tests need besides.
PACKAGES := ocl-icd-opencl-dev opencl-headers libclblast-dev libopenblas-dev liblapacke-dev zlib1g-dev libssl-dev libisal-dev libpng-dev \
	libsqlite3-dev libhdf5-dev
DATA_PACKAGES := dataset-fashion-mnist
TEST_PACKAGES := pocl-opencl-icd
CLUSTER_PACKAGES := slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge \
	openmpi-bin libopenmpi-dev libscalapack-openmpi-dev
RACE_PACKAGES := oclgrind
# What reads tile stores and HDF5 files in tests, in a virtual environment; the tests skip where it is absent.
PYTHON_PACKAGES := zarr==3.1.6 dask==2026.8.0 h5py==3.16.0

CONFIG ?= Configs/quickstart.yaml
NTK := .build/release/ntk

# Tests have a build folder of their own: their flags differ, and make run and make test shall not undo each other's
# work. They are optimised, because the kernels of the cpu backend are slow without it.
TEST_FLAGS := -c release --scratch-path .build-test -Xswiftc -enable-testing
# STRICT=1: a warning is an error.
ifdef STRICT
TEST_FLAGS += -Xswiftc -warnings-as-errors
endif

# The program that make bench measures beside this one, and a Python that has neural_tangents.
PEER ?= ../shared/peer-bench
PEER_PYTHON ?= python3

PYTHON ?= .venv/bin/python

.PHONY: help run test test-cluster build bench lint oclgrind clean packages data-packages test-packages cluster-packages python-packages

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

run: packages data-packages build ## install what is missing, build, run Configs/quickstart.yaml (or CONFIG=...)
	@echo "==> running $(CONFIG)"
	@$(NTK) run $(CONFIG)

test: packages data-packages test-packages ## install what is missing, build and run all tests
	@echo "==> building and running the tests"
	@$(MAKE) test-build
	@swift test --skip-build $(TEST_FLAGS)

test-cluster: packages data-packages cluster-packages python-packages ## Slurm and MPI on this machine, a few minutes
	@echo "==> building ntk and ntk-mpi"
	@swift build $(TEST_FLAGS) --product ntk
	@NTK_MPI=1 swift build $(TEST_FLAGS) --product ntk-mpi
	@echo "==> solving with MPI"
	@$(call where-possible,Tests/Cluster/mpi.sh .build-test/release/ntk .build-test/release/ntk-mpi $(PYTHON))
	@echo "==> running through Slurm"
	@$(call where-possible,Tests/Cluster/slurm.sh .build-test/release/ntk)

# A script that ends with 77 has said what this machine lacks.
where-possible = $(1) || { [ $$? = 77 ] && echo "==> skipped: this machine does not allow it"; }

build: packages ## build the optimised program, .build/release/ntk
	@echo "==> building $(NTK)"
	@swift build -c release --product ntk

bench: build ## measure this machine, beside the peer where it is present
	@.ci/bench "$(NTK)" "$(PEER)" "$(PEER_PYTHON)"

lint: packages ## style, and no warnings
	@echo "==> checking the style"
	@swift format lint --strict --recursive Package.swift Sources Tests
	@echo "==> building without warnings"
	@$(MAKE) test-build STRICT=1

# `swift test` alone builds with flags of its own, and everything again after `swift build`.
.PHONY: test-build
test-build:
	@swift build --build-tests $(TEST_FLAGS)

oclgrind: packages ## look for races and accesses out of bounds in the kernels on planes: minutes to an hour
	@.ci/packages $(RACE_PACKAGES)
	@$(MAKE) test-build
	@echo "==> running a few pairs under oclgrind"
	@REQUIRE_OPENCL=1 oclgrind --data-races --max-wgsize 64 \
		"$$(swift build $(TEST_FLAGS) --show-bin-path)/ntkPackageTests.xctest" \
		--testing-library swift-testing --filter PlanesTests.fewPairs

clean: ## remove everything that was built
	rm -rf .build .build-test

packages:
	@.ci/packages $(PACKAGES)

data-packages:
	@.ci/packages $(DATA_PACKAGES)

test-packages:
	@.ci/packages $(TEST_PACKAGES)

cluster-packages:
	@.ci/packages $(CLUSTER_PACKAGES)

# Needs Python 3.11 or later and its module venv.
python-packages: .venv/installed

.venv/installed: Makefile
	@echo "==> installing $(PYTHON_PACKAGES) into .venv"
	@python3 -m venv .venv && .venv/bin/pip install --quiet --disable-pip-version-check $(PYTHON_PACKAGES)
	@touch $@
