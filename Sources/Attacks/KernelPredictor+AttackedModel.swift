import Compute
import TangentKernels

extension KernelPredictor: AttackedModel {
    package func linearize(_ points: Buffer, count: Int) throws(ComputeError) -> any LinearizedModel {
        try linearized(points, count: count)
    }
}

extension LinearizedPredictions: LinearizedModel {}
