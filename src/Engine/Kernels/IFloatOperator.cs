using System.Runtime.Intrinsics;

namespace Rag.Engine.Kernels;

/// <summary>One step of a reduction over two float32 vectors, at every width; <see cref="FloatKernel"/> owns the loop.</summary>
internal interface IFloatOperator
{
    static abstract Vector512<float> Add(Vector512<float> sum, Vector512<float> x, Vector512<float> y);

    static abstract Vector256<float> Add(Vector256<float> sum, Vector256<float> x, Vector256<float> y);

    static abstract Vector128<float> Add(Vector128<float> sum, Vector128<float> x, Vector128<float> y);

    static abstract float Add(float sum, float x, float y);
}
