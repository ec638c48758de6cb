import Datasets
import TangentKernels
import TestSupport
import Testing

@testable import OpenCLBackend

/// Dense nets in float32 against float64 where inputs are far from centred, in both forms of the kernels.
@Suite(.needsOpenCL)
struct SinglePrecisionTests {
    @Test(arguments: CovarianceForm.allCases)
    func brightImages(form: CovarianceForm) throws {
        let backend = try CovarianceCases.backend(form)
        guard backend.device.supportsFloat64 else { return }
        let x = Images.bright(80, 3072, seed: 1)
        let error = try SinglePrecision(backend, x).kernelError()
        #expect(error <= Tolerance.imageKernel)
        let gradient = try SinglePrecision(backend, x).gradientError(rows: 0..<5, seed: 2)
        #expect(gradient <= Tolerance.imageGradient)
    }

    /// Equal products, hundreds of them in a sum, must not round in one direction.
    @Test(arguments: CovarianceForm.allCases, [0, 0.9, 1])
    func constantBackgrounds(form: CovarianceForm, background: Double) throws {
        let backend = try CovarianceCases.backend(form)
        guard backend.device.supportsFloat64 else { return }
        let x = Images.onBackground(background, 80, 784, seed: 3)
        let error = try SinglePrecision(backend, x).kernelError()
        #expect(error <= Tolerance.imageKernel)
        let gradient = try SinglePrecision(backend, x).gradientError(rows: 0..<5, seed: 4)
        #expect(gradient <= Tolerance.imageGradient)
    }

    @Test(arguments: CovarianceForm.allCases, [1, 2, 7, 3072])
    func constantAndOppositeImages(form: CovarianceForm, dimension: Int) throws {
        let backend = try CovarianceCases.backend(form)
        guard backend.device.supportsFloat64 else { return }
        let x = Images.constantAndOpposite(dimension, seed: 5)
        for net in SinglePrecision.nets {
            let comparison = try SinglePrecision(backend, x, net: net)
            #expect(try comparison.treatsEqualImagesAlike([(0, 1), (6, 8)]))
            #expect(try comparison.scaledKernelError() <= Tolerance.textbook(.float32))
        }
    }

    @Test(
        .enabled(if: Images.arePublished, "NTK_DATA names no folder with MNIST and CIFAR-10"),
        arguments: CovarianceForm.allCases, [DatasetName.mnist, .cifar10])
    func publishedImages(form: CovarianceForm, name: DatasetName) throws {
        let backend = try CovarianceCases.backend(form)
        guard backend.device.supportsFloat64 else { return }
        let x = try Images.published(name, 200)
        let error = try SinglePrecision(backend, x).kernelError()
        #expect(error <= Tolerance.imageKernel)
        let gradient = try SinglePrecision(backend, x).gradientError(rows: 0..<5, seed: 6)
        #expect(gradient <= Tolerance.imageGradient)
    }
}
