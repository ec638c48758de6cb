// swift-tools-version: 6.1
import PackageDescription

/// The commit that is built, where the folder is a git checkout; manifests of runs name it.
let commit = Context.gitInformation.map { $0.currentCommit + ($0.hasUncommittedChanges ? "+" : "") } ?? ""

/// The distributed solves need MPI and ScaLAPACK, so they are built where that is asked for.
let distributed: [Target] =
    Context.environment["NTK_MPI"] == nil
    ? []
    : [
        .systemLibrary(name: "CMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])]),
        .systemLibrary(
            name: "CScaLAPACK", pkgConfig: "scalapack-openmpi", providers: [.apt(["libscalapack-openmpi-dev"])]),
        // The only place that links MPI.
        .executableTarget(
            name: "ntk-mpi",
            dependencies: [
                "CMPI", "CScaLAPACK", "CVersion", "Compute", "Storage", "TangentKernels", "Inference", "Datasets",
                "Experiments", "Machine",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
    ]

/// Targets stand in layer order: each imports only targets above it.
let package = Package(
    name: "ntk",
    products: [
        .executable(name: "ntk", targets: ["ntk"]),
        .library(name: "NTK", targets: ["NTK"]),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: [
        // System libraries: a module map and a shim each, nothing else.
        .systemLibrary(
            name: "COpenCL", pkgConfig: "OpenCL", providers: [.apt(["ocl-icd-opencl-dev", "opencl-headers"])]),
        .systemLibrary(name: "CCLBlast", pkgConfig: "clblast", providers: [.apt(["libclblast-dev"])]),
        .systemLibrary(
            name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev", "liblapacke-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
        .systemLibrary(name: "CISAL", pkgConfig: "libisal", providers: [.apt(["libisal-dev"])]),
        .systemLibrary(name: "CHDF5", pkgConfig: "hdf5-serial", providers: [.apt(["libhdf5-dev"])]),
        // The OpenCL text, embedded; its files are named in kernels.c.
        .target(name: "Kernels", path: "Kernels", sources: ["kernels.c"]),
        // What a device, a buffer and an operation are. Does no work.
        .target(name: "Compute"),
        // Owns every OpenCL object; the only importer of COpenCL and CCLBlast.
        .target(name: "OpenCLBackend", dependencies: ["COpenCL", "CCLBlast", "Kernels", "Compute"]),
        // Host drivers around the step files of Kernels/, multi-versioned by instruction set.
        .target(
            name: "CPUKernels",
            cSettings: [.headerSearchPath("../../Kernels")],
            linkerSettings: [.linkedLibrary("m")]),
        // The backend of host threads: CPUKernels and OpenBLAS.
        .target(name: "CPUBackend", dependencies: ["Compute", "CPUKernels", "COpenBLAS"]),
        // Which tile of a Gram matrix runs on which device, with retry and progress. Knows no mathematics.
        .target(name: "Scheduling", dependencies: ["Compute"]),
        // npy arrays, tile stores, HDF5, atomic files, JSON lines, checksums and fingerprints.
        .target(name: "Storage", dependencies: ["Compute", "CZlib", "COpenSSL", "CISAL", "CHDF5"]),
        // Architectures, layers, planner; Gram and gradient assembly.
        .target(name: "TangentKernels", dependencies: ["Compute", "Scheduling"]),
        // Kernel regression on a Gram matrix in memory or on disk, at any training time, in float64.
        .target(name: "Inference", dependencies: ["Compute", "Storage", "COpenBLAS"]),
        // Finite nets: layers, training, empirical NTK and its dynamics.
        .target(name: "Networks", dependencies: ["Compute", "Storage", "TangentKernels", "Inference", "COpenBLAS"]),
        // Threat models, attacks and their evaluation. Sees only predictions and input gradients.
        .target(name: "Attacks", dependencies: ["Compute", "TangentKernels", "Networks"]),
        // The library's face: a net, its Gram matrices, predictions and attacks.
        .target(
            name: "NTK",
            dependencies: [
                "Compute", "OpenCLBackend", "CPUBackend", "Scheduling", "TangentKernels", "Inference", "Attacks",
            ]),
        // Readers of data sets, where to find them and how to fetch them.
        .target(name: "Datasets", dependencies: ["Compute", "Storage"]),
        // Charts and panels of images as values; drawn as SVG and PNG, handed on as Vega-Lite.
        .target(name: "Figures", dependencies: ["CPNG"]),
        // Configuration, run folders, the stages of a run, tables, reports.
        .target(
            name: "Experiments",
            dependencies: [
                "Compute", "Scheduling", "Storage", "TangentKernels", "Inference", "Networks", "Attacks", "Datasets",
                "Figures",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Yams", package: "Yams"),
            ]),
        // Which backends this machine has, and which of them a configuration asks for; names both.
        .target(name: "Machine", dependencies: ["Compute", "OpenCLBackend", "CPUBackend", "Experiments"]),
        // Version and commit of the program.
        .target(name: "CVersion", cSettings: [.define("NTK_COMMIT", to: "\"\(commit)\"")]),
        // The command line.
        .executableTarget(
            name: "ntk",
            dependencies: [
                "CVersion",
                "OpenCLBackend", "CPUBackend", "Experiments", "Machine", "Datasets", "Storage", "TangentKernels",
                "Inference",
                "Networks", "Attacks",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // Golden files and readers that several test targets share.
        .target(
            name: "TestSupport",
            dependencies: ["Compute", "OpenCLBackend", "CPUBackend", "TangentKernels", "Datasets"],
            path: "Tests/TestSupport"),
        // Temporary folders and failing system calls, for the tests of whatever writes files.
        .target(name: "StorageTestSupport", dependencies: ["Storage", "CZlib"], path: "Tests/StorageTestSupport"),
        .testTarget(
            name: "OpenCLBackendTests",
            dependencies: ["OpenCLBackend", "CPUBackend", "TangentKernels", "Datasets", "TestSupport"]),
        .testTarget(
            name: "CPUBackendTests", dependencies: ["CPUBackend", "TangentKernels", "Datasets", "TestSupport"]),
        .testTarget(
            name: "TangentKernelsTests", dependencies: ["TangentKernels", "CPUBackend", "Inference", "TestSupport"]),
        .testTarget(name: "SchedulingTests", dependencies: ["Scheduling"]),
        .testTarget(name: "StorageTests", dependencies: ["Storage", "Compute", "StorageTestSupport"]),
        .testTarget(
            name: "InferenceTests",
            dependencies: [
                "Inference", "Storage", "OpenCLBackend", "CPUBackend", "COpenBLAS", "TestSupport", "StorageTestSupport",
            ]),
        .testTarget(
            name: "NetworksTests",
            dependencies: [
                "Networks", "Inference", "Attacks", "Storage", "OpenCLBackend", "CPUBackend", "TestSupport",
                "StorageTestSupport",
            ]),
        .testTarget(name: "AttacksTests", dependencies: ["Attacks", "TestSupport"]),
        .testTarget(name: "NTKTests", dependencies: ["NTK", "TestSupport"]),
        .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "Storage", "Compute", "StorageTestSupport"]),
        .testTarget(name: "FiguresTests", dependencies: ["Figures"]),
        .testTarget(
            name: "ExperimentsTests",
            dependencies: [
                "Experiments", "Figures", "Storage", "Compute", "TangentKernels", "Inference", "Networks",
                "StorageTestSupport",
            ]),
        // The built executable, as scripts see it.
        .testTarget(
            name: "CommandLineTests", dependencies: ["Storage", "Compute", "StorageTestSupport", "TestSupport"]),
    ] + distributed,
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c2x
)
