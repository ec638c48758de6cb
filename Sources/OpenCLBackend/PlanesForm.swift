import Compute

/// How a net on planes is cut into work-groups on a device, and the scratch that they keep.
struct PlanesForm {
    /// Work-items of a group.
    let group: Int
    /// Pairs that a work-item handles at once.
    let lanes: Int
    /// Bytes of planes in local memory; nil where they lie in global memory.
    let localBytes: Int?
    /// Numbers of `real` in global memory per group, with gradients or without.
    let scratch: Int
    let gradientScratch: Int
    private let precision: Precision
    /// Bytes of a single buffer.
    let maximumAllocation: Int
    /// Bytes of the scratch of all groups, and of what a pass of a gradient keeps.
    let limit: Int
    /// Groups that the device should have.
    let units: Int

    init(
        _ form: CovarianceForm, _ program: PlanesTables, _ precision: Precision, _ device: OpenCLDevice,
        maximumAllocation: Int
    ) {
        self.precision = precision
        lanes = form.width(precision)
        let bytes = program.planesSize * lanes * precision.byteCount
        switch form {
        case .group:
            // Planes of large displacements are small: more than 128 work-items would mostly wait. On a processor a
            // work-item is a thread's worth, and PoCL does not get to the end of so many barriers in loops.
            group = device.device.kind == .cpu ? 1 : min(program.pixels >= 256 ? 128 : 64, device.maximumGroup)
            localBytes = bytes + Self.reserve <= device.device.localMemory ? bytes : nil
        case .vector:
            group = 1
            localBytes = nil
        }
        let planes = localBytes == nil ? program.planesSize : 0
        scratch = program.pooledSize + planes
        gradientScratch = 2 * program.pooledSize + planes + program.tapeSize
        units = device.device.computeUnits * (form == .vector ? 4 : 8)
        self.maximumAllocation = maximumAllocation
        limit = min(maximumAllocation, device.device.memory / 8)
    }

    /// Bytes of local memory that kernels need beside planes.
    private static let reserve = 2048

    /// Groups for so many tasks: several per compute unit, as far as their scratch fits.
    /// - Parameter scratch: numbers of `real` per group.
    func groups(_ tasks: Int, scratch: Int) -> Int {
        let bytes = max(scratch, 1) * lanes * precision.byteCount
        return max(1, min(tasks, units, limit / bytes))
    }

    /// Bytes of scratch for so many groups.
    func bytes(_ groups: Int, scratch: Int) -> Int { max(groups * scratch, 1) * lanes * precision.byteCount }

    /// Panels whose records are contracted together; the kernels' default.
    private var block: Int { lanes == 1 ? 16 : 4 }
    /// Numbers of a record that a work-item of the group form contracts at a time; the kernel's default.
    private static let tile = 8

    /// Bytes of a panel of images.
    func panelBytes(_ program: PlanesTables) -> Int { program.size * lanes * precision.byteCount }

    /// Numbers between records: whole tiles.
    func recordStride(_ program: PlanesTables) -> Int { (program.recordSize + Self.tile - 1) / Self.tile * Self.tile }

    /// Numbers of a row of sums or coefficients.
    func pitch(_ program: PlanesTables, _ cotangents: Int) -> Int {
        program.pitch(cotangents: cotangents, lanes: lanes)
    }

    /// Numbers of `real` per group of a reverse pass.
    func recordScratch(_ program: PlanesTables, _ cotangents: Int) -> Int {
        gradientScratch + recordStride(program) * (cotangents == 1 ? 1 : block)
            + (program.finishesPairs(cotangents: cotangents) ? program.variancesSize : 0)
    }

    /// The same of what follows it once per image.
    func finishScratch(_ program: PlanesTables) -> Int {
        gradientScratch + recordStride(program) + program.variancesSize
    }

    func options(_ program: PlanesTables, pairing: Int) -> [String] {
        ["REAL_WIDTH=\(lanes)", "GROUP=\(group)", "PAIRING=\(pairing)"].map { "-D \($0)" }
            + (localBytes == nil ? [] : ["-D PLANES_LOCAL"]) + Self.activations(program).map { "-D \($0)" }
    }

    /// Macros of the activations that are compiled in: of most nets the rectifiers, whose text needs few registers; of
    /// others all, so that two texts serve all nets.
    private static func activations(_ program: PlanesTables) -> [String] {
        program.hasRectifiersAlone ? ["ABRELU"] : ["ABRELU", "ERF", "GELU", "LAYER_NORM"]
    }

    /// The arguments of planes in local memory, where they lie there.
    var localArguments: [KernelArgument] { localBytes.map { [.local($0)] } ?? [] }
}
