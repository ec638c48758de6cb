import CPUBackend
import Compute
import Testing

@testable import OpenCLBackend

/// Gram matrices on OpenCL against the CPU backend, in both forms of the kernels.
@Suite(.needsOpenCL)
struct CovarianceGramTests {
    private static let dimension = 37

    @Test(arguments: CovarianceForm.allCases, CovarianceCases.nets)
    func everyNet(form: CovarianceForm, net: CovarianceCases.Net) throws {
        let backend = try CovarianceCases.backend(form)
        let program = net.program(Self.dimension)
        for precision in Machine.precisions(of: backend) {
            try Self.compare(backend, program, precision, rows: 23, columns: 71)
        }
    }

    /// 1, 7, and sizes around a tile of the group form (64 or 32) and panels of the vector form.
    @Test(arguments: CovarianceForm.allCases)
    func everySize(form: CovarianceForm) throws {
        let backend = try CovarianceCases.backend(form)
        let program = CovarianceCases.nets[1].program(Self.dimension)
        for precision in Machine.precisions(of: backend) {
            let tile = form.panel(precision, backend.context.device)
            for size in [1, 7, tile - 1, tile, tile + 1, 101, 2 * tile + 3] {
                try Self.compare(backend, program, precision, rows: size, columns: size)
                try Self.compare(backend, program, precision, rows: 3, columns: size)
            }
        }
    }

    private static func compare(
        _ backend: OpenCLBackend, _ program: CovarianceProgram, _ precision: Precision, rows: Int, columns: Int
    ) throws {
        let cpu = CPUBackend()
        // A huge norm would be the only entry that counts, so it stands on one side alone.
        let x = CovarianceCases.random(rows, program.input.count, seed: 1)
        let z = CovarianceCases.inputs(columns, program.input.count, seed: 2)
        func run(_ backend: any Backend) throws -> [CovarianceKind: HostMatrix] {
            try backend.matrices(
                rows: backend.prepared(program, x, precision), columns: backend.prepared(program, z, precision))
        }
        let expected = try run(cpu)
        let result = try run(backend)
        for kind in CovarianceKind.allCases {
            let (a, b) = (try #require(result[kind]), try #require(expected[kind]))
            for j in 0..<columns {
                let bound = precision.valueBound
                let error = CovarianceCases.error(
                    (0..<rows).map { a[$0, j] }, (0..<rows).map { b[$0, j] })
                #expect(error <= bound, "\(kind) \(precision) \(rows) × \(columns), column \(j)")
            }
        }
    }

    /// Entries at and below the diagonal, whatever the tile; and the mirror.
    @Test(arguments: CovarianceForm.allCases, CovarianceCases.nets)
    func symmetricIsRectangular(form: CovarianceForm, net: CovarianceCases.Net) throws {
        let backend = try CovarianceCases.backend(form)
        let program = net.program(Self.dimension)
        let count = 131
        for precision in Machine.precisions(of: backend) {
            let x = CovarianceCases.inputs(count, Self.dimension, seed: 3)
            let inputs = try backend.prepared(program, x, precision)
            let same = try backend.prepared(program, x, precision)
            let whole = try backend.matrices(rows: inputs, columns: same)
            for tile in [Int.max, 128, 50] {
                let symmetric = try backend.matrices(rows: inputs, columns: inputs, tile: tile)
                for kind in CovarianceKind.allCases {
                    let (a, b) = (try #require(symmetric[kind]), try #require(whole[kind]))
                    var isSame = true
                    for i in 0..<count {
                        for j in 0...i { isSame = isSame && a[i, j] == b[i, j] && a[j, i] == a[i, j] }
                    }
                    #expect(isSame, "\(kind) \(precision) tile \(tile)")
                }
            }
        }
    }

    /// Duplicates have the entry of the diagonal, and a scale that is a power of two changes no other bit.
    @Test(arguments: CovarianceForm.allCases)
    func duplicatesAndScales(form: CovarianceForm) throws {
        let backend = try CovarianceCases.backend(form)
        let program = CovarianceCases.nets[2].program(Self.dimension)
        for precision in Machine.precisions(of: backend) {
            let inputs = try backend.prepared(
                program, CovarianceCases.inputs(9, Self.dimension, seed: 4), precision)
            let matrices = try backend.matrices(rows: inputs, columns: inputs)
            for kind in CovarianceKind.allCases {
                let k = try #require(matrices[kind])
                #expect(k[1, 0] == k[0, 0] && k[1, 1] == k[0, 0])
                #expect((0..<9).allSatisfy { k[1, $0] == k[0, $0] })
                // Without bias the covariance is homogeneous.
                #expect((0..<9).filter { $0 != 4 }.allSatisfy { k[4, $0] == k[0, $0] * 0x1p-30 })
                #expect((0..<9).filter { $0 != 5 }.allSatisfy { k[5, $0] == k[0, $0] * 0x1p20 })
                #expect((0..<9).allSatisfy { k[3, $0] == 0 })
            }
        }
    }

    /// Norms whose squares do not fit the precision.
    @Test(arguments: CovarianceForm.allCases)
    func extremeNorms(form: CovarianceForm) throws {
        let backend = try CovarianceCases.backend(form)
        let program = CovarianceCases.nets[2].program(Self.dimension)
        let x = CovarianceCases.random(1, Self.dimension, seed: 5)
        let inputs = try backend.prepared(program, x + x.map { $0 * 0x1p60 } + x.map { $0 * 0x1p-60 }, .float32)
        let k = try #require(try backend.matrices(rows: inputs, columns: inputs)[.ntk])
        #expect(k[1, 0] == k[0, 0] * 0x1p60 && k[2, 0] == k[0, 0] * 0x1p-60 && k[2, 1] == k[0, 0])
    }

    @Test func oneKindAlone() throws {
        for form in CovarianceForm.allCases {
            let backend = try CovarianceCases.backend(form)
            let program = CovarianceCases.nets[1].program(Self.dimension)
            let inputs = try backend.prepared(
                program, CovarianceCases.inputs(70, Self.dimension, seed: 6), .float32)
            let both = try backend.matrices(rows: inputs, columns: inputs)
            for kind in CovarianceKind.allCases {
                let alone = try HostMatrix(rows: 70, columns: 70, precision: .float32)
                try backend.gram(
                    GramTile(
                        rows: inputs, 0..<70, columns: inputs, 0..<70, nngp: kind == .nngp ? alone : nil,
                        ntk: kind == .ntk ? alone : nil))
                #expect(alone.tensor() == both[kind]?.tensor())
            }
        }
    }
}
