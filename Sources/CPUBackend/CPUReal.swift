import COpenBLAS
import CPUKernels
import Compute

/// What differs between the precisions: which BLAS routine and which driver.
protocol CPUReal: Real {
    associatedtype Inputs
    static func inputs(_ tables: CPUInputs) -> Inputs

    /// `c ← alpha op(a) op(b) + beta c`, row-major.
    static func gemm(
        _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ alpha: Double,
        _ a: UnsafePointer<Self>, _ lda: Int, _ b: UnsafePointer<Self>, _ ldb: Int, _ beta: Double,
        _ c: UnsafeMutablePointer<Self>, _ ldc: Int)
    /// The lower triangle of `c ← alpha op(a) op(a)ᵀ` for op(a) [n, k], row-major.
    static func syrk(
        _ transpose: Bool, _ n: Int, _ k: Int, _ alpha: Double, _ a: UnsafePointer<Self>, _ lda: Int,
        _ c: UnsafeMutablePointer<Self>, _ ldc: Int)
    static var prepare: (UnsafePointer<ntk_program>, UnsafePointer<Self>, Int, Int, UnsafePointer<Inputs>) -> Void {
        get
    }
    static var forward:
        (
            UnsafePointer<ntk_program>, UnsafePointer<Inputs>, Int, Int, UnsafePointer<Inputs>, Int, Int, Int32,
            UnsafePointer<Self>, Int, UnsafeMutablePointer<Self>?, UnsafeMutablePointer<Self>?, Int
        ) -> Void
    { get }
    static var tangent:
        (
            UnsafePointer<ntk_program>, Int32, UnsafePointer<Inputs>, Int, Int, UnsafePointer<Inputs>, Int, Int,
            UnsafePointer<Self>, Int, UnsafeMutablePointer<Self>, UnsafeMutablePointer<Self>,
            UnsafeMutablePointer<Self>, Int
        ) -> Void
    { get }
    static var rowGradient:
        (
            UnsafePointer<ntk_program>, Int32, UnsafePointer<Inputs>, Int, UnsafePointer<Inputs>, Int, Int,
            UnsafePointer<Double>, Int, Int, UnsafePointer<Self>, Int, UnsafeMutablePointer<Self>,
            UnsafeMutablePointer<Double>
        ) -> Void
    { get }
    static var accumulate:
        (Int, Int, UnsafePointer<Self>, UnsafePointer<Self>, Int, Int32, UnsafeMutablePointer<Self>) -> Void
    { get }
    static var turn: (Int, Int, UnsafePointer<Double>, UnsafeMutablePointer<Self>) -> Void { get }
    static var weigh:
        (
            UnsafePointer<Inputs>, Int, Int, Int, UnsafePointer<Double>, UnsafePointer<Self>, Int,
            UnsafePointer<Self>, UnsafePointer<Self>, UnsafeMutablePointer<Self>, UnsafeMutablePointer<Double>
        ) -> Void
    { get }
    static var predict:
        (
            Int, Int, Int, UnsafePointer<Self>, Int, UnsafePointer<Double>, Int, UnsafeMutablePointer<Double>
        ) -> Void
    { get }
    static var findBlanks: (UnsafePointer<ntk_program>, UnsafePointer<Inputs>, Int, UnsafeMutablePointer<Int>) -> Int
    { get }
    static var finishGradient:
        (
            UnsafePointer<ntk_program>, UnsafePointer<Inputs>, Int, UnsafePointer<Double>, UnsafePointer<Int>, Int,
            UnsafeMutablePointer<Self>
        ) -> Void
    { get }
    static var transpose: (Int, Int, UnsafePointer<Self>, Int, UnsafeMutablePointer<Self>, Int) -> Void { get }

    static var planesPrepare:
        (
            UnsafePointer<ntk_planes>, UnsafePointer<Self>, Int, UnsafeMutablePointer<Self>, UnsafeMutableRawPointer
        ) -> Void
    { get }
    static var planesRow: (UnsafePointer<ntk_planes>, UnsafePointer<Self>, Int32, UnsafeMutablePointer<Self>) -> Void {
        get
    }
    static var planesForward:
        (
            UnsafePointer<ntk_planes>, UnsafePointer<Self>, UnsafePointer<Self>, UnsafeMutablePointer<Self>,
            UnsafeMutablePointer<Self>, UnsafeMutableRawPointer
        ) -> Void
    { get }
    static var planesReverse:
        (
            UnsafePointer<ntk_planes>, UnsafePointer<Self>, UnsafePointer<Self>, UnsafePointer<Self>, Double, Double,
            UnsafeMutablePointer<Self>, UnsafeMutableRawPointer
        ) -> Void
    { get }
    static var planesFold: (Int, UnsafePointer<Self>, UnsafeMutablePointer<Self>) -> Void { get }
    static var planesBlock: () -> Int32 { get }
    static var planesContract:
        (
            Int, Int, Int, UnsafePointer<Self>, UnsafePointer<Self>, Int, UnsafeMutablePointer<Self>
        ) -> Void
    { get }
    static var planesFinish:
        (
            UnsafePointer<ntk_planes>, UnsafePointer<Self>, UnsafeMutablePointer<Self>, UnsafeMutableRawPointer
        ) -> Void
    { get }
}

extension CPUReal {
    /// `product ← u vᵀ` for u [m, d] and v [n, d].
    static func correlate(
        _ m: Int, _ n: Int, _ d: Int, _ u: UnsafePointer<Self>, _ v: UnsafePointer<Self>,
        _ product: UnsafeMutablePointer<Self>, _ stride: Int
    ) {
        gemm(false, true, m, n, d, 1, u, d, v, d, 0, product, stride)
    }

    /// `c ← a b + beta c` for a [m, k] and b [k, n]; beta: 0 where `isFirst`, else 1.
    static func product(
        _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ b: UnsafePointer<Self>, _ ldb: Int,
        isFirst: Bool, _ c: UnsafeMutablePointer<Self>, _ ldc: Int
    ) {
        if m == 1 {
            accumulate(k, n, a, b, ldb, isFirst ? 1 : 0, c)
        } else {
            gemm(false, false, m, n, k, 1, a, lda, b, ldb, isFirst ? 0 : 1, c, ldc)
        }
    }
}

private func flag(_ transposed: Bool) -> CBLAS_TRANSPOSE { transposed ? CblasTrans : CblasNoTrans }

extension Float: CPUReal {
    static func inputs(_ t: CPUInputs) -> ntk_inputs_float32 {
        .init(centred: t.centred.pointer(), start: t.start.pointer(), slots: t.slots.pointer(), stride: t.stride)
    }

    static func gemm(
        _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ alpha: Double,
        _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafePointer<Float>, _ ldb: Int, _ beta: Double,
        _ c: UnsafeMutablePointer<Float>, _ ldc: Int
    ) {
        cblas_sgemm(
            CblasRowMajor, flag(transposeA), flag(transposeB), Int32(m), Int32(n), Int32(k), Float(alpha), a,
            Int32(lda), b, Int32(ldb), Float(beta), c, Int32(ldc))
    }

    static func syrk(
        _ transpose: Bool, _ n: Int, _ k: Int, _ alpha: Double, _ a: UnsafePointer<Float>, _ lda: Int,
        _ c: UnsafeMutablePointer<Float>, _ ldc: Int
    ) {
        cblas_ssyrk(
            CblasRowMajor, CblasLower, flag(transpose), Int32(n), Int32(k), Float(alpha), a, Int32(lda), 0, c,
            Int32(ldc))
    }

    static let prepare = ntk_prepare_float32
    static let forward = ntk_forward_float32
    static let tangent = ntk_tangent_float32
    static let rowGradient = ntk_row_gradient_float32
    static let accumulate = ntk_accumulate_float32
    static let turn = ntk_turn_float32
    static let weigh = ntk_weigh_float32
    static let predict = ntk_predict_float32
    static let findBlanks = ntk_find_blanks_float32
    static let finishGradient = ntk_finish_gradient_float32
    static let transpose = ntk_transpose_float32
    static let planesPrepare = ntk_planes_prepare_float32
    static let planesRow = ntk_planes_row_float32
    static let planesForward = ntk_planes_forward_float32
    static let planesReverse = ntk_planes_reverse_float32
    static let planesFold = ntk_planes_fold_float32
    static let planesBlock = ntk_planes_block_float32
    static let planesContract = ntk_planes_contract_float32
    static let planesFinish = ntk_planes_finish_float32
}

extension Double: CPUReal {
    static func inputs(_ t: CPUInputs) -> ntk_inputs_float64 {
        .init(centred: t.centred.pointer(), start: t.start.pointer(), slots: t.slots.pointer(), stride: t.stride)
    }

    static func gemm(
        _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ alpha: Double,
        _ a: UnsafePointer<Double>, _ lda: Int, _ b: UnsafePointer<Double>, _ ldb: Int, _ beta: Double,
        _ c: UnsafeMutablePointer<Double>, _ ldc: Int
    ) {
        cblas_dgemm(
            CblasRowMajor, flag(transposeA), flag(transposeB), Int32(m), Int32(n), Int32(k), alpha, a, Int32(lda),
            b, Int32(ldb), beta, c, Int32(ldc))
    }

    static func syrk(
        _ transpose: Bool, _ n: Int, _ k: Int, _ alpha: Double, _ a: UnsafePointer<Double>, _ lda: Int,
        _ c: UnsafeMutablePointer<Double>, _ ldc: Int
    ) {
        cblas_dsyrk(
            CblasRowMajor, CblasLower, flag(transpose), Int32(n), Int32(k), alpha, a, Int32(lda), 0, c, Int32(ldc))
    }

    static let prepare = ntk_prepare_float64
    static let forward = ntk_forward_float64
    static let tangent = ntk_tangent_float64
    static let rowGradient = ntk_row_gradient_float64
    static let accumulate = ntk_accumulate_float64
    static let turn = ntk_turn_float64
    static let weigh = ntk_weigh_float64
    static let predict = ntk_predict_float64
    static let findBlanks = ntk_find_blanks_float64
    static let finishGradient = ntk_finish_gradient_float64
    static let transpose = ntk_transpose_float64
    static let planesPrepare = ntk_planes_prepare_float64
    static let planesRow = ntk_planes_row_float64
    static let planesForward = ntk_planes_forward_float64
    static let planesReverse = ntk_planes_reverse_float64
    static let planesFold = ntk_planes_fold_float64
    static let planesBlock = ntk_planes_block_float64
    static let planesContract = ntk_planes_contract_float64
    static let planesFinish = ntk_planes_finish_float64
}
