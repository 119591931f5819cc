using System.Runtime.Intrinsics;

namespace Rag.Engine.Kernels;

/// <summary>
/// One step of a reduction over int8 vectors, widened to int16, into int32 sums; <see cref="Int8Kernel"/> owns the loop.
/// </summary>
internal interface IIntegerOperator
{
    static abstract Vector512<int> Add(Vector512<int> sum, Vector512<short> x, Vector512<short> y);

    static abstract Vector256<int> Add(Vector256<int> sum, Vector256<short> x, Vector256<short> y);

    static abstract Vector128<int> Add(Vector128<int> sum, Vector128<short> x, Vector128<short> y);

    static abstract int Add(int sum, int x, int y);
}
