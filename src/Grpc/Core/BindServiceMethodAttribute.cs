namespace Grpc.Core;

/// <summary>Names the generated method that binds a service; stands on its generated base class.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
public class BindServiceMethodAttribute(Type bindType, string bindMethodName) : Attribute
{
    /// <summary>The type with the bind method.</summary>
    public Type BindType { get; } = bindType;

    /// <summary>The bind method's name: static, with a <see cref="ServiceBinderBase"/> and the base class.</summary>
    public string BindMethodName { get; } = bindMethodName;
}
