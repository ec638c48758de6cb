import CPUBackend
import Datasets
import TangentKernels
import TestSupport
import Testing

/// Dense nets in float32 against float64 where inputs are far from centred.
@Suite struct SinglePrecisionTests {
    @Test
    func brightImages() throws {
        let backend = CPUBackend()
        let x = Images.bright(300, 3072, seed: 1)
        let error = try SinglePrecision(backend, x).kernelError()
        #expect(error <= Tolerance.imageKernel)
        let gradient = try SinglePrecision(backend, x).gradientError(rows: 0..<5, seed: 2)
        #expect(gradient <= Tolerance.imageGradient)
    }

    /// Equal products, hundreds of them in a sum, must not round in one direction.
    @Test(arguments: [0, 0.9, 1])
    func constantBackgrounds(background: Double) throws {
        let backend = CPUBackend()
        let x = Images.onBackground(background, 300, 784, seed: 3)
        let error = try SinglePrecision(backend, x).kernelError()
        #expect(error <= Tolerance.imageKernel)
        let gradient = try SinglePrecision(backend, x).gradientError(rows: 0..<5, seed: 4)
        #expect(gradient <= Tolerance.imageGradient)
    }

    @Test(arguments: [1, 2, 7, 3072])
    func constantAndOppositeImages(dimension: Int) throws {
        let backend = CPUBackend()
        let x = Images.constantAndOpposite(dimension, seed: 5)
        for net in SinglePrecision.nets {
            let comparison = try SinglePrecision(backend, x, net: net)
            #expect(try comparison.treatsEqualImagesAlike([(0, 1), (6, 8)]))
            #expect(try comparison.scaledKernelError() <= Tolerance.textbook(.float32))
        }
    }

    @Test(
        .enabled(if: Images.arePublished, "NTK_DATA names no folder with MNIST and CIFAR-10"),
        arguments: [DatasetName.mnist, .cifar10])
    func publishedImages(name: DatasetName) throws {
        let backend = CPUBackend()
        let x = try Images.published(name, 1000)
        let error = try SinglePrecision(backend, x).kernelError()
        #expect(error <= Tolerance.imageKernel)
        let gradient = try SinglePrecision(backend, x).gradientError(rows: 0..<5, seed: 6)
        #expect(gradient <= Tolerance.imageGradient)
    }
}
